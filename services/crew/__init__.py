"""The crew's page: a phone's list of orders and its answers, which works while there is no network."""
