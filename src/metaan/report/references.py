"""Publications the formulas come from, by the setting or measure that uses them."""

_DELTA = (
    "Katz D, et al. Obtaining confidence intervals for the risk ratio in cohort studies. Biometrics 1978;34:469-474."
)
_KNAPP = "Knapp G, Hartung J. Improved tests for a random effects meta-regression. Stat Med 2003;22:2693-2710."
_CHINN = "Chinn S. A simple method for converting an odds ratio to effect size. Stat Med 2000;19:3127-3131."
_HTS = (
    "Higgins JPT, Thompson SG, Spiegelhalter DJ. A re-evaluation of random-effects meta-analysis. "
    "J R Stat Soc A 2009;172:137-159."
)

REFERENCES: dict[str, tuple[str, ...]] = {
    "agreement": (
        "Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat Assoc "
        "1927;22:209-212.",
        "Cohen J. A coefficient of agreement for nominal scales. Educ Psychol Meas 1960;20:37-46.",
        "Gwet KL. Computing inter-rater reliability and its variance in the presence of high agreement. Br J Math Stat "
        "Psychol 2008;61:29-48.",
        "De Vries H, Elliott MN, Kanouse DE, Teleki SS. Using pooled kappa to summarize interrater agreement across "
        "many items. Field Methods 2008;20:272-282.",
    ),
    "REML": (
        "Viechtbauer W. Bias and efficiency of meta-analytic variance estimators in the random-effects model. "
        "J Educ Behav Stat 2005;30:261-293.",
    ),
    "DL": ("DerSimonian R, Laird N. Meta-analysis in clinical trials. Control Clin Trials 1986;7:177-188.",),
    "PM": ("Paule RC, Mandel J. Consensus values and weighting factors. J Res Natl Bur Stand 1982;87:377-385.",),
    "ML": (
        "Hardy RJ, Thompson SG. A likelihood approach to meta-analysis with random effects. Stat Med 1996;15:619-629.",
    ),
    "EB": ("Morris CN. Parametric empirical Bayes inference: theory and applications. J Am Stat Assoc 1983;78:47-55.",),
    "PMM": (
        "Viechtbauer W. Median-unbiased estimators for the amount of heterogeneity in meta-analysis. "
        "European Congress of Methodology, Valencia, 2021.",
    ),
    "HE": ("Hedges LV, Olkin I. Statistical methods for meta-analysis. Academic Press, 1985.",),
    "HS": ("Hunter JE, Schmidt FL. Methods of meta-analysis. 2nd edition. Sage, 2004.",),
    "SJ": (
        "Sidik K, Jonkman JN. Simple heterogeneity variance estimation for meta-analysis. J R Stat Soc C "
        "2005;54:367-384.",
    ),
    "KR": (
        "Partlett C, Riley RD. Random effects meta-analysis: coverage performance of 95% confidence and prediction "
        "intervals following REML estimation. Stat Med 2017;36:301-317.",
    ),
    "HK-ci": (
        "Jackson D, Law M, Rücker G, Schwarzer G. The Hartung-Knapp modification for random-effects meta-analysis: a "
        "useful refinement but are there any residual concerns? Stat Med 2017;36:3923-3934.",
    ),
    "mKH": (
        "Röver C, Knapp G, Friede T. Hartung-Knapp-Sidik-Jonkman approach and its modification for random-effects "
        "meta-analysis with few studies. BMC Med Res Methodol 2015;15:99.",
    ),
    "HK": (_KNAPP,),
    "HTS": (_HTS,),
    "same": (_HTS,),
    "V": (_HTS,),
    "i2": ("Higgins JPT, Thompson SG. Quantifying heterogeneity in a meta-analysis. Stat Med 2002;21:1539-1558.",),
    "q_profile": (
        "Viechtbauer W. Confidence intervals for the amount of heterogeneity in meta-analysis. Stat Med 2007;26:37-52.",
    ),
    "OR": ("Woolf B. On estimating the relation between blood group and disease. Ann Hum Genet 1955;19:251-253.",),
    "RR": (_DELTA,),
    "SMD": (
        "Hedges LV. Distribution theory for Glass's estimator of effect size and related estimators. "
        "J Educ Stat 1981;6:107-128.",
    ),
    "or_to_smd": (_CHINN,),
    "smd_to_or": (_CHINN,),
    "medians_to_means": (
        "Luo D, et al. Optimally estimating the sample mean from the sample size, median, mid-range, and/or "
        "mid-quartile range. Stat Methods Med Res 2018;27:1785-1805.",
        "Wan X, et al. Estimating the sample mean and standard deviation from the sample size, median, range and/or "
        "interquartile range. BMC Med Res Methodol 2014;14:135.",
    ),
    "mean_range_to_sd": (
        "Wan X, et al. Estimating the sample mean and standard deviation from the sample size, median, range and/or "
        "interquartile range. BMC Med Res Methodol 2014;14:135.",
    ),
}
