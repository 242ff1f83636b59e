"""Surveys that need no vendor: invitations that leave, and the page on which they are answered."""
