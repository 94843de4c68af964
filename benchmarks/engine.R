# metafor's side of engine.py: Rscript engine.R FOLDER, in which engine.py has put its numbers.
# Prints one line a task: name, seconds, what was done that often, and how many of it did not converge.

suppressPackageStartupMessages(library(metafor))
folder <- commandArgs(trailingOnly = TRUE)[1]
read <- function(name) read.csv(file.path(folder, paste0(name, ".csv")))
say <- function(name, seconds, count, failed = 0) cat(name, seconds, count, failed, "\n")
timed <- function(expression) system.time(expression)[["elapsed"]]

cat("version", as.character(packageVersion("metafor")), R.version$major, R.version$minor, "\n")

many <- read("many") # one row a study: synthesis, yi, vi
groups <- split(many, many$synthesis)
fit <- function(d) tryCatch(rma(yi, vi, data = d, method = "REML", test = "knha"), error = function(e) NULL)
failed <- 0
seconds <- timed(for (d in groups) if (is.null(fit(d))) failed <- failed + 1)
say("batch_REML", seconds, length(groups), failed)
say("batch_DL", timed(for (d in groups) rma(yi, vi, data = d, method = "DL", test = "knha")), length(groups))
say("single_REML", timed(for (i in 1:200) fit(groups[[1]])), 200)

one <- groups[[1]]
for (method in c("DL", "REML")) {
  whole <- rma(yi, vi, data = one, method = method)
  set.seed(1)
  seconds <- timed(found <- suppressWarnings(gosh(whole, subsets = 2000, progbar = FALSE)))
  say(paste0("gosh_", method), seconds, 2000, sum(is.na(found$res$estimate)))
}

whole <- rma(yi, vi, data = read("k100"), method = "REML")
say("influence_100", timed(influence(whole, progbar = FALSE)), 1)
say("single_1000", timed(rma(yi, vi, data = read("k1000"), method = "REML")), 1)

d <- read("moderator")
whole <- rma(yi, vi, mods = ~ x, data = d, method = "REML", test = "knha")
set.seed(1)
say("permutation", timed(suppressWarnings(permutest(whole, iter = 1000, progbar = FALSE))), 1000)
