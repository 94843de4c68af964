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

#: the same for the methods that question weaker designs
BETWEEN: dict[str, tuple[str, ...]] = {
    "ladder": (
        "Golder S, Loke YK, Bland M. Comparison of pooled risk estimates for adverse effects from different "
        "observational study designs: methodological overview. PLoS ONE 2013;8:e71813.",
    ),
    "meaningful": (
        "Mathur MB, VanderWeele TJ. New metrics for meta-analyses of heterogeneous effects. Stat Med "
        "2019;38:1336-1342.",
        "Wang CC, Lee WC. A simple method to estimate prediction intervals and predictive distributions: summarizing "
        "meta-analyses beyond means and confidence intervals. Res Synth Methods 2019;10:255-266.",
    ),
    "ceilings": (
        "Salanti G, Ioannidis JPA. Synthesis of observational studies should consider credibility ceilings. "
        "J Clin Epidemiol 2009;62:115-122.",
    ),
    "confounding": (
        "VanderWeele TJ, Ding P. Sensitivity analysis in observational research: introducing the E-value. Ann Intern "
        "Med 2017;167:268-274.",
        "Mathur MB, VanderWeele TJ. Sensitivity analysis for unmeasured confounding in meta-analyses. J Am Stat Assoc "
        "2020;115:163-172.",
        "Smith LH, VanderWeele TJ. Bounding bias due to selection. Epidemiology 2019;30:509-516.",
    ),
    "bias": (
        "Welton NJ, Ades AE, Carlin JB, Altman DG, Sterne JAC. Models for potentially biased evidence in meta-analysis "
        "using empirically based priors. J R Stat Soc A 2009;172:119-136.",
        "Turner RM, Spiegelhalter DJ, Smith GCS, Thompson SG. Bias modelling in evidence synthesis. J R Stat Soc A "
        "2009;172:21-47.",
        "Doi SAR, Barendregt JJ, Khan S, Thalib L, Williams GM. Advances in the meta-analysis of heterogeneous "
        "clinical trials I: the inverse variance heterogeneity model. Contemp Clin Trials 2015;45:130-138.",
    ),
    "discount": ("Ibrahim JG, Chen MH. Power prior distributions for regression models. Stat Sci 2000;15:46-60.",),
    "prior": (
        "Schmidli H, et al. Robust meta-analytic-predictive priors in clinical trials with historical control "
        "information. Biometrics 2014;70:1023-1032.",
    ),
    "dilution": (
        "Spearman C. The proof and measurement of association between two things. Am J Psychol 1904;15:72-101.",
    ),
    "misclassified": (
        "Greenland S. Variance estimation for epidemiologic effect estimates under misclassification. Stat Med "
        "1988;7:745-757.",
    ),
    "information": (
        "Wetterslev J, Jakobsen JC, Gluud C. Trial sequential analysis in systematic reviews with meta-analysis. BMC "
        "Med Res Methodol 2017;17:39.",
        "Lan KKG, DeMets DL. Discrete sequential boundaries for clinical trials. Biometrika 1983;70:659-663.",
    ),
    "value": ("Wilson ECF. A practical guide to value of information analysis. Pharmacoeconomics 2015;33:105-121.",),
    "multiverse": (
        "Steegen S, Tuerlinckx F, Gelman A, Vanpaemel W. Increasing transparency through a multiverse analysis. "
        "Perspect Psychol Sci 2016;11:702-712.",
    ),
    "accuracy": (
        "Reitsma JB, et al. Bivariate analysis of sensitivity and specificity produces informative summary measures in "
        "diagnostic reviews. J Clin Epidemiol 2005;58:982-990.",
        "Steinhauser S, Schumacher M, Rücker G. Modelling multiple thresholds in meta-analysis of diagnostic test "
        "accuracy studies. BMC Med Res Methodol 2016;16:97.",
    ),
    "replicability": (
        "Jaljuli I, et al. Quantifying replicability and consistency in systematic reviews. Stat Biopharm Res "
        "2023;15:372-385.",
    ),
}
