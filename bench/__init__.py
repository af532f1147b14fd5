"""What a submission costs: CPU, time and memory of the whole system, beside a bare script that does the least one could do (``python -m bench``)."""
