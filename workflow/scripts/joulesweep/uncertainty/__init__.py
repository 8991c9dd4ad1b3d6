"""From values that vary to a figure with its interval, without any table or device."""
