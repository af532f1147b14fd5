"""Routing: rules to deliveries, the books of the queues, leases, receipts."""
