"""ASF: WMA and WMV."""
