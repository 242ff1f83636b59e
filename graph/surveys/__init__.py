"""Surveys that c360 sends itself: whom to ask, about what, and the invitation as a fact."""
