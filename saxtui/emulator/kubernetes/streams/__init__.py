"""What kubectl does over an upgraded connection: exec, attach and port-forward."""
