"""What the columns of the Effects sheet are called in R's metafor."""

#: column of Effects -> argument of metafor's escalc
METAFOR: dict[str, str] = {
    "a_high_event": "ai",
    "b_high_none": "bi",
    "c_low_event": "ci",
    "d_low_none": "di",
    "events_high": "ai",
    "total_high": "n1i",
    "events_low": "ci",
    "total_low": "n2i",
    "n1": "n1i",
    "m1": "m1i",
    "sd1": "sd1i",
    "n2": "n2i",
    "m2": "m2i",
    "sd2": "sd2i",
    "t": "ti",
    "p_value": "pi",
    "r": "ri",
    "r_n": "ni",
}
