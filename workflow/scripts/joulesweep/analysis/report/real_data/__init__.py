"""What the report says about labelled data: how good the models are, how that was found, and how long real inputs take."""
