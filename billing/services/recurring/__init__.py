"""Plans, subscriptions, their fees and what they grant."""
