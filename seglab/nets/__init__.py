"""Networks and what is judged with torch. Importing this package loads no torch; its modules do."""
