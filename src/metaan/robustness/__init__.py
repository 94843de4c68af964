"""How far a synthesis depends on single studies, small studies, unseen studies, and choices of method."""
