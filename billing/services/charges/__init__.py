"""What a charge did cost: from ended sessions to charge detail records, and back to prove them."""
