"""The asyncio drivers: links, clients, servers."""
