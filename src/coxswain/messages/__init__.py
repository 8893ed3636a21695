"""Three kinds of message and no fourth: inputs came in, events are facts, requests leave."""
