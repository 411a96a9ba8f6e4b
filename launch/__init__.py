"""Starting AlphaFlow: settings, the command line, the server, the demo."""
