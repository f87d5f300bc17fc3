"""Money through the payment provider: cards, holds, captures, refunds, webhooks, payouts."""
