"""What an assistant says: facts by reference, rendered from receipts; everything else is screened."""
