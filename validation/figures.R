# Make the reference figures of tests/reference/r again.
#
#   Rscript validation/figures.R OUT [name ...]        name: dat.bcg, dat.hart1999, ...; all data sets unless given
#
# Every stored file says which blocks it has. A block that this script knows is computed anew from the stored data with
# metafor; any other block (meta, metasens, mada, bayesmeta, clubSandwich, robumeta, weightr, lme4) is carried over as it
# stands and named at the end. What an installed version cannot do becomes {"error": message}, as in the stored files.

suppressMessages({
  library(jsonlite)
  library(metafor)
})

# ---- reading and writing -----------------------------------------------------------------------------------------

from_json <- function(path) fromJSON(path, simplifyVector = TRUE, simplifyDataFrame = FALSE, simplifyMatrix = FALSE)

number <- function(x) {
  if (is.na(x)) return("null")
  if (is.infinite(x)) return(if (x > 0) "\"Inf\"" else "\"-Inf\"")
  short <- formatC(x, digits = 15, format = "g")
  if (as.numeric(short) == x) short else formatC(x, digits = 17, format = "g")
}

as_json <- function(x) {
  if (is.null(x)) return("null")
  if (is.list(x)) {
    if (is.null(names(x))) return(paste0("[", paste(vapply(x, as_json, ""), collapse = ","), "]"))
    if (!length(x)) return("{}")
    pairs <- vapply(names(x), function(n) paste0(toJSON(unbox(n)), ":", as_json(x[[n]])), "")
    return(paste0("{", paste(pairs, collapse = ","), "}"))
  }
  one <- function(v) {
    if (is.character(v)) return(if (is.na(v)) "null" else as.character(toJSON(unbox(v))))
    if (is.logical(v)) return(if (is.na(v)) "null" else tolower(as.character(v)))
    number(v)
  }
  parts <- vapply(seq_along(x), function(i) one(x[[i]]), "")
  if (length(x) == 1) parts else paste0("[", paste(parts, collapse = ","), "]")
}

# A call that fails leaves its message; a warning does not stop it.
attempt <- function(expr) tryCatch(suppressWarnings(expr), error = function(e) list(error = conditionMessage(e)))
failed <- function(x) is.list(x) && !inherits(x, "rma") && !is.null(x$error)

# ---- pieces of a fit ---------------------------------------------------------------------------------------------

TESTS <- c(z = "z", t = "t", knha = "knha", adhoc = "adhoc")

limits <- function(fit) {
  out <- list(b = as.vector(coef(fit)), se = as.vector(fit$se), zval = as.vector(fit$zval), pval = as.vector(fit$pval),
              ci.lb = as.vector(fit$ci.lb), ci.ub = as.vector(fit$ci.ub))
  if (!is.null(fit$ddf) && !all(is.na(fit$ddf))) out$dfs <- fit$ddf[1]
  out
}

spread <- function(fit) {
  list(k = fit$k, p = fit$p, tau2 = fit$tau2, se.tau2 = fit$se.tau2, I2 = fit$I2, H2 = fit$H2, vt = fit$vt,
       QE = fit$QE, QEp = fit$QEp)
}

statistics <- function(fit) {
  one <- function(column) setNames(as.list(as.vector(fit$fit.stats[[column]])), c("ll", "dev", "AIC", "BIC", "AICc"))
  list(ML = one("ML"), REML = one("REML"))
}

# predict() takes pi.type up to metafor 4 and predtype since 5
prediction <- function(fit, type) {
  known <- names(formals(metafor:::predict.rma))
  given <- if ("predtype" %in% known) list(predtype = type) else list(pi.type = type)
  if (type == "default") given <- list()
  found <- attempt(do.call(predict, c(list(fit), given)))
  if (failed(found)) return(found)
  list(lb = found$pi.lb[1], ub = found$pi.ub[1])
}

profile_of <- function(fit, ...) {
  found <- attempt(confint(fit, ...))
  if (failed(found)) return(found)
  rows <- found$random
  one <- function(i) list(est = unname(rows[i, 1]), lb = unname(rows[i, 2]), ub = unname(rows[i, 3]))
  list(tau2 = one(1), tau = one(2), I2 = one(3), H2 = one(4))
}

# ---- what stands in a file, key by key ---------------------------------------------------------------------------

fit_of <- function(y, v, method, test = "z", ...) attempt(rma(y, v, method = method, test = test, ...))

make_rma.uni <- function(y, v, stored) {
  out <- list()
  for (method in names(stored)) {
    if (method == "confint") {
      out$confint <- list(
        QP = profile_of(rma(y, v, method = "REML")), QP_DL = profile_of(rma(y, v, method = "DL")),
        PL_ML = profile_of(rma(y, v, method = "ML"), type = "PL"),
        PL_REML = profile_of(rma(y, v, method = "REML"), type = "PL"))
      next
    }
    fit <- fit_of(y, v, method)
    if (failed(fit)) { out[[method]] <- fit; next }
    block <- spread(fit)
    if (!is.null(stored[[method]]$fit.stats)) block$fit.stats <- statistics(fit)
    for (test in names(stored[[method]]$tests)) {
      each <- fit_of(y, v, method, TESTS[[test]])
      if (failed(each)) { block$tests[[test]] <- each; next }
      block$tests[[test]] <- limits(each)
      for (type in names(stored[[method]]$tests[[test]]$pi)) block$tests[[test]]$pi[[type]] <- prediction(each, type)
    }
    out[[method]] <- block
  }
  out
}

make_genq <- function(y, v, stored) {
  weights <- list("w=1/vi" = 1 / v, "w=1/sqrt(vi)" = 1 / sqrt(v))
  sapply(names(stored), function(key) {
    fit <- attempt(rma(y, v, method = "GENQ", weights = weights[[key]]))
    if (failed(fit)) return(fit)
    test <- c(limits(fit), list(QM = fit$QM, QMp = fit$QMp))
    for (type in names(stored[[key]]$test$pi)) test$pi[[type]] <- prediction(fit, type)
    c(spread(fit), list(test = test, confint = profile_of(fit)))
  }, simplify = FALSE)
}

make_regtest <- function(y, v, stored, n) {
  sapply(names(stored), function(key) {
    parts <- strsplit(key, ".", fixed = TRUE)[[1]]
    test <- if (length(parts) > 3) "knha" else "z"
    x <- attempt(if (parts[1] == "lm") regtest(y, v, ni = n, model = "lm", predictor = parts[2]) else
      regtest(rma(y, v, ni = n, method = parts[3], test = test), predictor = parts[2]))
    if (failed(x)) return(x)
    coefs <- coef(x$fit)  # a summary of lm gives a table
    coefs <- if (is.matrix(coefs)) as.vector(coefs[, 1]) else as.vector(coefs)
    list(zval = as.vector(x$zval), pval = as.vector(x$pval), dfs = if (is.null(x$dfs)) x$ddf else x$dfs, coef = coefs,
         limit.est = x$est, limit.ci.lb = x$ci.lb, limit.ci.ub = x$ci.ub)
  }, simplify = FALSE)
}

make_ranktest <- function(y, v, stored) {
  x <- attempt(ranktest(y, v))
  if (failed(x)) return(x)
  inexact <- attempt(ranktest(y, v, exact = FALSE))
  list(tau = as.vector(x$tau), pval = x$pval, pval.inexact = if (failed(inexact)) NA else inexact$pval)
}

make_trimfill <- function(y, v, stored) {
  sapply(names(stored), function(key) {
    parts <- strsplit(key, ".", fixed = TRUE)[[1]]
    side <- if (parts[3] != "auto") parts[3]
    x <- attempt(trimfill(rma(y, v, method = parts[1]), estimator = parts[2], side = side))
    if (failed(x)) return(x)
    out <- list(k0 = x$k0, se.k0 = x$se.k0, side = x$side, b = as.vector(x$beta), se = x$se, ci.lb = x$ci.lb,
                ci.ub = x$ci.ub, pval = x$pval, tau2 = x$tau2, p.k0 = x$p.k0)
    if (parts[3] == "auto") out <- c(out, list(filled.yi = as.vector(x$yi[x$fill]), filled.vi = x$vi[x$fill]))
    out
  }, simplify = FALSE)
}

make_fsn <- function(y, v, stored) {
  mean_effect <- mean(y)
  calls <- list(
    Rosenthal = function() fsn(y, v, type = "Rosenthal"),
    Orwin = function() fsn(y, v, type = "Orwin"),
    Orwin_weighted = function() fsn(y, v, type = "Orwin", weighted = TRUE, target = stored$Orwin_weighted$target),
    Rosenberg = function() fsn(y, v, type = "Rosenberg"),
    General = function() fsn(y, v, type = "General"))
  sapply(names(stored), function(key) {
    x <- attempt(calls[[key]]())
    if (failed(x)) return(x)
    unclass(x)[intersect(names(stored[[key]]), names(x))]
  }, simplify = FALSE)
}

make_hc <- function(y, v, stored) {
  x <- attempt(hc(rma(y, v, method = "DL")))
  if (failed(x)) return(x)
  list(b = as.vector(x$beta), se = x$se, ci.lb = x$ci.lb, ci.ub = x$ci.ub, tau2 = x$tau2)
}

make_tes <- function(y, v, stored) {
  x <- attempt(tes(y, v))
  if (failed(x)) return(x)
  list(O = x$O, E = x$E, OEratio = x$OEratio, theta = x$theta, tau2 = x$tau2, test = x$test, X2 = x$X2, pval = x$pval,
       power = x$power)
}

make_tes_chi2 <- function(y, v, stored) {
  x <- attempt(tes(y, v, test = "chi2"))
  if (failed(x)) return(x)
  list(O = x$O, E = x$E, X2 = x$X2, pval = x$pval, theta.lim = x$theta.lim)
}

PRESET <- list(steps = c(0.005, 0.01, 0.05, 0.1, 0.25, 0.35, 0.5, 0.65, 0.75, 0.9, 0.95, 0.99, 0.995, 1),
               delta = c(1, 0.99, 0.95, 0.8, 0.75, 0.65, 0.6, 0.55, rep(0.5, 6)))

make_selmodel <- function(y, v, stored) {
  ml <- rma(y, v, method = "ML")
  toward <- if (coef(rma(y, v, method = "REML")) < 0) "less" else "greater"
  calls <- list(
    stepfun_0.025 = function() selmodel(ml, type = "stepfun", steps = 0.025, alternative = toward),
    stepfun_0.025_0.5 = function() selmodel(ml, type = "stepfun", steps = c(0.025, 0.5), alternative = toward),
    halfnorm = function() selmodel(ml, type = "halfnorm", alternative = toward),
    negexp = function() selmodel(ml, type = "negexp", alternative = toward),
    beta = function() selmodel(ml, type = "beta", alternative = toward),
    stepfun_fixed = function() selmodel(ml, type = "stepfun", steps = PRESET$steps, delta = PRESET$delta,
                                        alternative = toward))
  sapply(names(stored), function(key) {
    x <- attempt(calls[[key]]())
    if (failed(x)) return(x)
    c(list(alternative = toward), limits(x)[1:6], list(tau2 = x$tau2, delta = as.vector(x$delta),
      se.delta = as.vector(x$se.delta), LRT = x$LRT, LRTp = x$LRTp, ll = as.vector(logLik(x))))
  }, simplify = FALSE)
}

columns_of <- function(x, wanted) lapply(unclass(x)[intersect(wanted, names(x))], as.vector)

make_leave1out <- function(y, v, stored) {
  sapply(names(stored), function(key) {
    parts <- strsplit(key, "_")[[1]]
    fit <- fit_of(y, v, parts[1], if (length(parts) > 1) parts[2] else "z")
    x <- attempt(leave1out(fit))
    if (failed(x)) x else columns_of(x, names(stored[[key]]))
  }, simplify = FALSE)
}

make_cumul <- function(y, v, stored) {
  out <- stored[c("order", "index")]
  for (key in setdiff(names(stored), c("order", "index"))) {
    x <- attempt(cumul(rma(y[stored$index], v[stored$index], method = key)))
    out[[key]] <- if (failed(x)) x else columns_of(x, names(stored[[key]]))
  }
  out
}

make_influence <- function(y, v, stored) {
  fit <- fit_of(y, v, "REML")
  x <- attempt(influence(fit))
  if (failed(x)) return(x)
  list(REML = c(lapply(unclass(x$inf)[c("rstudent", "dffits", "cook.d", "cov.r", "tau2.del", "QE.del", "hat", "weight")],
                       as.vector), list(dfbs = as.vector(x$dfbs[[1]]), is.infl = as.vector(x$is.infl))))
}

make_residuals <- function(y, v, stored) {
  fit <- fit_of(y, v, "REML")
  plain <- rstandard(fit)
  deleted <- rstudent(fit)
  list(REML = list(resid = as.vector(plain$resid), rstandard.z = as.vector(plain$z), rstandard.se = as.vector(plain$se),
                   rstudent.resid = as.vector(deleted$resid), rstudent.se = as.vector(deleted$se)))
}

make_baujat <- function(y, v, stored) {
  pdf(NULL)
  x <- attempt(baujat(fit_of(y, v, "REML")))
  dev.off()
  if (failed(x)) x else list(REML = list(x = x$x, y = x$y))
}

make_blup <- function(y, v, stored) columns_of(blup(fit_of(y, v, "REML")), c("pred", "se", "pi.lb", "pi.ub"))
make_ranef <- function(y, v, stored) columns_of(ranef(fit_of(y, v, "REML")), c("pred", "se", "pi.lb", "pi.ub"))
make_weights <- function(y, v, stored) sapply(names(stored), function(m) as.vector(weights(fit_of(y, v, m))), simplify = FALSE)

KNOWN <- c("rma.uni", "genq", "regtest", "ranktest", "trimfill", "fsn", "hc", "tes", "tes_chi2", "selmodel", "leave1out",
           "cumul", "influence", "residuals", "baujat", "blup", "ranef", "weights")

# ---- meta-regression and tables ----------------------------------------------------------------------------------

make_metareg <- function(y, v, data, stored) {
  sapply(names(stored), function(formula) {
    out <- stored[[formula]]
    for (key in grep("^(EE|DL|ML|REML)\\.(z|knha|t)$", names(out), value = TRUE)) {
      parts <- strsplit(key, ".", fixed = TRUE)[[1]]
      fit <- attempt(rma(y, v, mods = as.formula(formula), data = data, method = parts[1], test = parts[2]))
      if (failed(fit)) { out[[key]] <- fit; next }
      block <- c(spread(fit), limits(fit), list(R2 = fit$R2, QM = fit$QM, QMp = fit$QMp))
      out[[key]][intersect(names(block), names(out[[key]]))] <- block[intersect(names(block), names(out[[key]]))]
    }
    out
  }, simplify = FALSE)
}

make_tables <- function(data, stored) {
  get <- function(name) as.numeric(data[[name]])
  cells <- list(ai = get("ai"), bi = get("bi"), ci = get("ci"), di = get("di"))
  variants <- list("default" = list(), "correct=FALSE" = list(correct = FALSE),
                   "add=0,to=none,drop00=FALSE" = list(add = 0, to = "none", drop00 = FALSE))
  one <- function(x) {
    if (failed(x)) return(x)
    out <- c(limits(x)[1:6], list(QE = x$QE, QEp = x$QEp, I2 = x$I2, H2 = x$H2, MH = x$MH, MHp = x$MHp, CO = x$CO,
                                  COp = x$COp, BD = x$BD, BDp = x$BDp, TA = x$TA, TAp = x$TAp, k = x$k))
    out[!vapply(out, is.null, TRUE)]
  }
  for (measure in intersect(names(stored), c("OR", "RR", "RD"))) {
    for (variant in intersect(names(stored[[measure]]), names(variants))) {
      x <- one(attempt(do.call(rma.mh, c(list(measure = measure), cells, variants[[variant]]))))
      stored[[measure]][[variant]][intersect(names(x), names(stored[[measure]][[variant]]))] <-
        x[intersect(names(x), names(stored[[measure]][[variant]]))]
    }
  }
  if (!is.null(stored$PETO)) {
    x <- one(attempt(do.call(rma.peto, cells)))
    stored$PETO[intersect(names(x), names(stored$PETO))] <- x[intersect(names(x), names(stored$PETO))]
  }
  stored
}

# ---- effect sizes ------------------------------------------------------------------------------------------------

OPTIONS <- list("to=all" = list(to = "all"), "to=if0all" = list(to = "if0all"), "to=none" = list(to = "none"),
                "drop00=TRUE" = list(drop00 = TRUE), "add=0.1" = list(add = 0.1), "vtype=UB" = list(vtype = "UB"),
                "vtype=LS2" = list(vtype = "LS2"), "vtype=AV" = list(vtype = "AV"), "vtype=HO" = list(vtype = "HO"),
                "correct=FALSE" = list(correct = FALSE))
ROLES <- c("ai", "bi", "ci", "di", "n1i", "n2i", "m1i", "sd1i", "m2i", "sd2i", "xi", "ni", "x1i", "t1i", "x2i", "t2i",
           "ri", "mi")

make_escalc <- function(data, stored) {
  roles <- lapply(data[intersect(ROLES, names(data))], as.numeric)
  if (!is.null(roles$bi)) roles <- roles[setdiff(names(roles), c("n1i", "n2i"))]
  sapply(names(stored), function(key) {
    measure <- sub("\\[.*", "", key)
    if (measure == "GEN") return(stored[[key]])
    options <- if (grepl("[", key, fixed = TRUE)) OPTIONS[[sub(".*\\[(.*)\\]", "\\1", key)]] else list()
    if (is.null(options)) return(stored[[key]])
    # t tests of meta-analyses keep n1i, n2i for rates out: escalc refuses roles it does not know for a measure
    if (measure %in% c("IRR", "IRD", "IRSD")) roles <- roles[c("x1i", "t1i", "x2i", "t2i")]
    x <- attempt(do.call(escalc, c(list(measure = measure), roles, options)))
    if (failed(x)) x else list(yi = as.vector(x$yi), vi = as.vector(x$vi))
  }, simplify = FALSE)
}

# ---- all of it ---------------------------------------------------------------------------------------------------

remake <- function(stored) {
  data <- as.data.frame(lapply(stored$data, function(column) unlist(lapply(column, function(v) if (is.null(v)) NA else v))),
                        check.names = FALSE, stringsAsFactors = FALSE)
  carried <- character()
  given <- stored$escalc  # fits start from the stored effects: a change of convention in escalc stays in its own block
  stored$escalc <- make_escalc(data, stored$escalc)
  for (measure in names(stored$fits)) {
    block <- stored$fits[[measure]]
    if (measure == "rma.mh" && !is.null(data$ai)) { stored$fits$rma.mh <- make_tables(data, block); next }
    if (is.null(block$rma.uni)) { carried <- c(carried, paste0("fits.", measure)); next }
    effects <- given[[measure]]
    kept <- is.finite(effects$yi) & is.finite(effects$vi) & effects$vi > 0
    y <- effects$yi[kept]
    v <- effects$vi[kept]
    size <- if (!is.null(data$n1i) && !is.null(data$n2i)) data$n1i + data$n2i else data$ni
    for (key in names(block)) {
      value <- if (key == "metareg") make_metareg(effects$yi, effects$vi, data, block$metareg)
        else if (key == "regtest") make_regtest(y, v, block$regtest, size[kept])
        else if (key %in% KNOWN) get(paste0("make_", key))(y, v, block[[key]])
      if (is.null(value)) carried <- c(carried, paste0("fits.", key)) else block[[key]] <- value
    }
    stored$fits[[measure]] <- block
  }
  if (!is.null(stored$meta)) carried <- c(carried, "meta")
  stored$versions$metafor <- as.character(packageVersion("metafor"))
  list(content = stored, carried = unique(carried))
}

arguments <- commandArgs(trailingOnly = TRUE)
if (!length(arguments)) stop("usage: Rscript validation/figures.R OUT [name ...]")
script <- sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))
source_folder <- file.path(dirname(dirname(normalizePath(script))), "tests", "reference", "r")
dir.create(arguments[1], showWarnings = FALSE, recursive = TRUE)
wanted <- arguments[-1]
if (!length(wanted)) wanted <- sub("\\.json$", "", list.files(source_folder, pattern = "^dat\\."))
carried <- character()
for (name in wanted) {
  made <- remake(from_json(file.path(source_folder, paste0(name, ".json"))))
  writeLines(as_json(made$content), file.path(arguments[1], paste0(name, ".json")))
  carried <- unique(c(carried, made$carried))
  message(name)
}
message("carried over as stored: ", paste(sort(carried), collapse = ", "))
