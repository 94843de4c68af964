"""Names of the study-data files of RevMan and of their columns."""

ARMS = ("Study", "Arm", "Description", "Intervention")
RESULTS = (
    *("Study", "Outcome", "Data type", "Effect measure", "Arm", "Reference arm", "Sample size", "Cases"),
    *("Mean", "SD", "SE", "Variance", "CI level", "CI start", "CI end"),
    *("Exp mean", "Exp CI start", "Exp CI end", "t-test", "z-test", "P value"),
    *("Covariance method", "Covariance", "Other arm 1", "Other arm 2"),
    *("Correlation arm 1", "Correlation arm 2", "Correlation"),
    *("Other mean", "Other SE", "Other variance", "Other CI level", "Other CI start", "Other CI end"),
    *("Other exp mean", "Other exp CI start", "Other exp CI end", "Other t-test", "Other z-test", "Other P value"),
    "Footnotes",
)
#: headings of the characteristics of studies, each in a column "Char: ..."
CHARACTERISTICS = ("Methods", "Participants", "Interventions", "Outcomes", "Notes")
INFORMATION = ("Study", "Year", "Data source", *(f"Char: {name}" for name in CHARACTERISTICS))

INFORMATION_FILE = "study-information.csv"
ARMS_FILE = "study-arms.csv"
RESULTS_FILE = "study-results.csv"
BIAS_FILE = "risk-of-bias.csv"
REFERENCES_FILE = "included.ris"
DATA_ROWS_FILE = "data-rows.csv"
SETTINGS_FILE = "overall-estimates-and-settings.csv"
