"""Stand-in for the package of SDK 2.20 to 2.29."""
