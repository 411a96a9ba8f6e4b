"""Component trees: functions that return what a page shows, ids as constants beside them."""
