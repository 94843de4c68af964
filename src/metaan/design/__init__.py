"""What each comparison can show: stratum, grade and the sentence that says why, derived from recorded facts."""
