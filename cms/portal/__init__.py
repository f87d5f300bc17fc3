"""The driver's pages: find, the page behind a sticker, the running charge, its receipt, and what is mine."""
