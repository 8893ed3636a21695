"""Where the parts are put together: configuration, starter files, command line. No rule of trading lives here."""
