"""Looking after the hardware: faults found by rules, logs asked for, firmware updated."""
