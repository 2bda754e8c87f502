"""An open contact-detection engine: rotating IDs over Bluetooth LE, matched on device.

Importing the package loads nothing else; take what you need from its layers.
"""

__version__ = "0.1.0"
