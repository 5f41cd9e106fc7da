"""What the service and the commands are told from outside: options, environment, files.

Nobody else reads the environment.
"""

from lci_app.config.model import Config, ConfigError, LogFormat, LogLevel
from lci_app.config.parsing import ConfigFile, Host, parse_config

__all__ = ["Config", "ConfigError", "ConfigFile", "Host", "LogFormat", "LogLevel", "parse_config"]
