"""What every process is bolted to; it knows no service, no topic and no noun of telephony."""
