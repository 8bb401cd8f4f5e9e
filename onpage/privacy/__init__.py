"""What a page sends while it is used, seen by the browser's own log of the network: `audit.audit` is `onpage audit`.

Texts that nobody else writes (`canaries`) go into every field of the page (`session`); Chromium logs what its network service does for
pages, workers and service workers alike (`net_log`); `traffic` counts it and looks for the texts in it."""
