"""The site as a folder of files, for hosts that only hand out files: `write.export` writes what `webapp.app` serves."""
