"""The shell around the core: it brings inputs in order of time, makes records durable, and lets requests out."""
