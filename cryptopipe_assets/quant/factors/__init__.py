"""The factor set, one file a family. Reads the hourly panel only; knows no file and no clock."""
