"""Build logs as text files, each with an index beside it. The way in is `logs.LogFiles`."""
