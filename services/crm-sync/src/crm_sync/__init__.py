"""The only caller of ShopMonkey: sees leads there, writes appointments, notes and columns there."""
