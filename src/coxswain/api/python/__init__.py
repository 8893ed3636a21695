"""The classes that Python programs use: thin views of one engine. No rule of trading may ever stand here."""
