"""One outside thing each; its errors end here, as `interfaces.Trouble` or `interfaces.Refusal`."""
