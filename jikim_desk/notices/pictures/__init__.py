"""Pictures of pages for evidence: drawn anew from the words that were fetched, with every place of a picture covered."""
