"""ShopMonkey over HTTP."""
