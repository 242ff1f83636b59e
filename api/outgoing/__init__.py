"""What leaves c360 by itself: webhooks and mails."""
