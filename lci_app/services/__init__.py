"""The tasks that make lci what it is. They know the outside only through `lci_app.interfaces`."""
