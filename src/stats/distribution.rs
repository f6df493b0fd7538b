//! Probabilities and quantiles of the distributions that intervals and tests lean on.
//!
//! The error function and the gamma functions are those of `statrs`. The incomplete beta function is ours: the one
//! of `statrs` ends its continued fraction after 140 terms, too few from some ten thousand trials on, and its inverse
//! stops short of nine digits. Ours scales its prefactor as Loader does for the binomial density ("Fast and accurate
//! computation of binomial probabilities", 2000) and evaluates the continued fraction of Lentz (1976).
//!
//! Arguments outside a function's domain answer with the nearest end of the domain; none answers NaN for finite input.

use statrs::function::{erf, gamma};
use std::f64::consts::{PI, SQRT_2};

/// Terms after which the continued fraction stops: enough for 10^8 trials, where about the root of that is needed.
const MAX_TERMS: u32 = 30_000;

/// Upper tail of the standard normal, P(Z > x).
#[must_use]
pub fn normal_sf(x: f64) -> f64 {
    0.5 * erf::erfc(x / SQRT_2)
}

/// Standard normal distribution function, P(Z <= x).
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    normal_sf(-x)
}

/// Two-sided p-value of a standard normal statistic.
#[must_use]
pub fn normal_two_sided(z: f64) -> f64 {
    (2.0 * normal_sf(z.abs())).min(1.0)
}

/// Standard normal quantile z(p). At 0 and 1 the infinite ends.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let tail = p.min(1.0 - p);
    let rough = SQRT_2 * erf::erfc_inv(2.0 * tail);
    // One Newton step gives the last digits that the rational approximation leaves out.
    let density = (-0.5 * rough * rough).exp() / (2.0 * PI).sqrt();
    let z = rough + (normal_sf(rough) - tail) / density;
    if p < 0.5 { -z } else { z }
}

/// ln(x / mean) - (x - mean) / mean without the cancellation where x is near its mean.
fn ln_ratio_less(x: f64, mean: f64) -> f64 {
    let e = (x - mean) / mean;
    if e.abs() > 0.25 {
        return (x / mean).ln() - e;
    }
    // With r = e / (2 + e): ln(1 + e) = 2 (r + r^3/3 + ...) and e = 2 r / (1 - r).
    let r = e / (2.0 + e);
    let square = r * r;
    let mut power = 1.0;
    let mut series = 0.0;
    for odd in (3..=31).step_by(2) {
        series += power / f64::from(odd);
        power *= square;
    }
    2.0 * square * (r * series - 1.0 / (1.0 - r))
}

/// What Stirling's formula for ln Gamma(a) leaves over.
fn stirling_error(a: f64) -> f64 {
    if a < 10.0 {
        return gamma::ln_gamma(a) - ((a - 0.5) * a.ln() - a + 0.5 * (2.0 * PI).ln());
    }
    let square = 1.0 / (a * a);
    (1.0 / 12.0
        - square
            * (1.0 / 360.0
                - square
                    * (1.0 / 1260.0
                        - square
                            * (1.0 / 1680.0
                                - square * (1.0 / 1188.0 - square * 691.0 / 360_360.0)))))
        / a
}

/// ln of x^a y^b / B(a, b), where y = 1 - x is given apart so that neither end loses digits.
fn ln_beta_kernel(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let total = a + b;
    let (mean_x, mean_y) = (a / total, b / total);
    // The linear terms of the two logarithms cancel; left out, large parameters keep their digits.
    a * ln_ratio_less(x, mean_x)
        + b * ln_ratio_less(y, mean_y)
        + 0.5 * (a * mean_y / (2.0 * PI)).ln()
        - (stirling_error(a) + stirling_error(b) - stirling_error(total))
}

/// Continued fraction of the incomplete beta function, by the modified Lentz method.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let keep = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / keep(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for term in 1..=MAX_TERMS {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / keep(1.0 + even * d);
        c = keep(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / keep(1.0 + odd * d);
        c = keep(1.0 + odd / c);
        let step = d * c;
        fraction *= step;
        if (step - 1.0).abs() < 2e-16 {
            break;
        }
    }
    fraction
}

/// Both tails of the regularised incomplete beta function: I_x(a, b) and 1 - I_x(a, b).
///
/// `y` is 1 - x, given apart so that a tail near either end keeps its relative precision.
fn beta_tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    let kernel = ln_beta_kernel(a, b, x, y).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        let lower = (kernel * beta_fraction(a, b, x) / a).min(1.0);
        (lower, 1.0 - lower)
    } else {
        let upper = (kernel * beta_fraction(b, a, y) / b).min(1.0);
        (1.0 - upper, upper)
    }
}

/// Distribution function of Beta(a, b) at `x`: the regularised incomplete beta function I_x(a, b), for a, b > 0.
#[must_use]
pub fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    beta_tails(a, b, x, 1.0 - x).0
}

/// Upper tail of Beta(a, b) at `x`, for a, b > 0.
#[must_use]
pub fn beta_sf(a: f64, b: f64, x: f64) -> f64 {
    beta_tails(a, b, x, 1.0 - x).1
}

/// Root of an increasing function with its derivative: Newton steps, halved back into the bracket where they leave it.
fn bracketed_newton(mut low: f64, mut high: f64, start: f64, f: impl Fn(f64) -> (f64, f64)) -> f64 {
    let mut at = start;
    for _ in 0..300 {
        let (value, slope) = f(at);
        if value == 0.0 {
            break;
        }
        if value < 0.0 {
            low = at;
        } else {
            high = at;
        }
        let newton = at - value / slope;
        let next = if newton > low && newton < high {
            newton
        } else {
            f64::midpoint(low, high)
        };
        let step = (next - at).abs();
        at = next;
        if step <= 1e-15 * at.abs() || high - low <= f64::EPSILON * at.abs() {
            break;
        }
    }
    at
}

/// Quantile of Beta(a, b), for a, b > 0: the x at which [`beta_cdf`] is `p`.
///
/// Solved in ln(x / (1 - x)) on the logarithm of the smaller tail, so that quantiles near 0 and 1 keep their digits.
#[must_use]
pub fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    let lower = p <= 0.5;
    let target = if lower { p.ln() } else { (1.0 - p).ln() };
    let point = |logit: f64| {
        if logit < 0.0 {
            let odds = logit.exp();
            (odds / (1.0 + odds), 1.0 / (1.0 + odds))
        } else {
            let odds = (-logit).exp();
            (1.0 / (1.0 + odds), odds / (1.0 + odds))
        }
    };
    let logit = bracketed_newton(-740.0, 740.0, (a / b).ln(), |logit| {
        let (x, y) = point(logit);
        let (below, above) = beta_tails(a, b, x, y);
        let density = ln_beta_kernel(a, b, x, y).exp();
        if lower {
            let below = below.max(f64::MIN_POSITIVE);
            (below.ln() - target, density / below)
        } else {
            let above = above.max(f64::MIN_POSITIVE);
            (target - above.ln(), density / above)
        }
    });
    point(logit).0
}

/// Two-sided p-value of Student's t with `df` > 0 degrees of freedom, P(|T| > |t|).
#[must_use]
pub fn t_two_sided(t: f64, df: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    let square = t * t;
    beta_tails(0.5 * df, 0.5, df / (df + square), square / (df + square)).0
}

/// Upper tail of Student's t, P(T > t), for `df` > 0.
#[must_use]
pub fn t_sf(t: f64, df: f64) -> f64 {
    let half = 0.5 * t_two_sided(t, df);
    if t >= 0.0 { half } else { 1.0 - half }
}

/// Quantile t(p, df) of Student's t, for `df` > 0. At 0 and 1 the infinite ends.
///
/// Solved on the logarithm of the tail, which stays straight where t is large and df small.
#[must_use]
pub fn t_quantile(p: f64, df: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    if (p - 0.5).abs() < f64::EPSILON / 4.0 {
        return 0.0;
    }
    let tail = if p < 0.5 { p } else { 1.0 - p };
    let mut high = normal_quantile(1.0 - tail).max(1e-8);
    while 0.5 * t_two_sided(high, df) > tail && high < 1e150 {
        high *= 2.0;
    }
    let t = bracketed_newton(0.0, high, high, |t| {
        let square = t * t;
        let (x, y) = (df / (df + square), square / (df + square));
        let sf = (0.5 * beta_tails(0.5 * df, 0.5, x, y).0).max(f64::MIN_POSITIVE);
        // Density of t by way of the beta kernel: x^(df/2) y^(1/2) / B(df/2, 1/2) / t.
        let density = if t > 0.0 {
            ln_beta_kernel(0.5 * df, 0.5, x, y).exp() / t
        } else {
            1.0
        };
        (tail.ln() - sf.ln(), density / sf)
    });
    if p < 0.5 { -t } else { t }
}

/// Upper tail of chi-square with `df` > 0 degrees of freedom.
#[must_use]
pub fn chi2_sf(x: f64, df: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    gamma::gamma_ur(0.5 * df, 0.5 * x)
}

/// Upper tail of Fisher's F with `df1`, `df2` > 0 degrees of freedom.
#[must_use]
pub fn f_sf(x: f64, df1: f64, df2: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    let total = df1 * x + df2;
    beta_tails(0.5 * df2, 0.5 * df1, df2 / total, df1 * x / total).0
}

/// Binomial distribution function, P(Bin(n, q) <= k); `k` may be -1, where it is 0.
#[must_use]
pub fn binomial_cdf(k: i64, n: u64, q: f64) -> f64 {
    let Ok(successes) = u64::try_from(k) else {
        return 0.0;
    };
    if successes >= n {
        return 1.0;
    }
    beta_tails((n - successes) as f64, successes as f64 + 1.0, 1.0 - q, q).0
}

/// Probability of exactly `k` of `n` at `q` = 1/2.
#[must_use]
pub fn binomial_pmf_half(k: u64, n: u64) -> f64 {
    if k > n {
        return 0.0;
    }
    if k == 0 || k == n {
        return 0.5_f64.powf(n as f64);
    }
    // C(n, k) x^k y^(n-k) is the beta kernel of (k, n - k) times n / (k (n - k)), here at x = y = 1/2.
    let (a, b) = (k as f64, (n - k) as f64);
    ln_beta_kernel(a, b, 0.5, 0.5).exp() * (n as f64) / (a * b)
}

/// Two-sided exact p-value of `k` of `n` under a fair coin: twice the smaller tail, at most 1.
///
/// The coin is symmetric, so this equals the sum over outcomes no likelier than the one seen. n = 0: 1.
#[must_use]
pub fn binomial_two_sided_half(k: u64, n: u64) -> f64 {
    let smaller = k.min(n.saturating_sub(k));
    if 2 * smaller >= n {
        return 1.0;
    }
    (2.0 * binomial_cdf(smaller as i64, n, 0.5)).min(1.0)
}

/// ln of the gamma function, for a > 0.
#[must_use]
pub(crate) fn ln_gamma(a: f64) -> f64 {
    gamma::ln_gamma(a)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64, tolerance: f64) {
        assert!(
            (got - want).abs() <= tolerance * want.abs(),
            "{got} is not {want}"
        );
    }

    #[test]
    fn quantiles_invert_their_distribution_functions() {
        for p in [1e-8, 0.001, 0.3, 0.5, 0.77, 0.999] {
            close(normal_cdf(normal_quantile(p)), p, 1e-12);
            for df in [1.0, 4.0, 30.0, 1e6] {
                close(1.0 - t_sf(t_quantile(p, df), df), p, 1e-7);
            }
            for (a, b) in [(0.5, 0.5), (3.0, 80.0), (50_000.0, 50_000.5)] {
                close(beta_cdf(a, b, beta_quantile(a, b, p)), p, 1e-8);
            }
        }
    }

    #[test]
    fn large_binomials_keep_their_digits() {
        // P(Bin(2m, 1/2) < m) = (1 - P(exactly m)) / 2, and P(exactly m) is near 1 / sqrt(pi m).
        let m = 5_000_000_u64;
        let exact = 0.5 * (1.0 - binomial_pmf_half(m, 2 * m));
        close(binomial_cdf(m as i64 - 1, 2 * m, 0.5), exact, 1e-10);
        close(
            binomial_pmf_half(m, 2 * m),
            1.0 / (PI * m as f64).sqrt(),
            1e-7,
        );
    }

    #[test]
    fn small_binomials_equal_their_sums() {
        close(binomial_cdf(1, 3, 0.25), 27.0 / 32.0, 1e-14);
        close(binomial_cdf(0, 3, 0.25), 27.0 / 64.0, 1e-14);
        assert_eq!(binomial_cdf(-1, 3, 0.25), 0.0);
        assert_eq!(binomial_cdf(3, 3, 0.25), 1.0);
        close(binomial_pmf_half(2, 5), 10.0 / 32.0, 1e-14);
        close(binomial_pmf_half(0, 5), 1.0 / 32.0, 1e-14);
        assert_eq!(binomial_two_sided_half(0, 0), 1.0);
    }

    #[test]
    fn ends_of_the_domain_answer_with_its_ends() {
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(t_quantile(1.0, 5.0), f64::INFINITY);
        assert_eq!(t_quantile(0.5, 5.0), 0.0);
        assert_eq!(beta_quantile(2.0, 3.0, 1.0), 1.0);
        assert_eq!(beta_cdf(2.0, 3.0, -1.0), 0.0);
        assert_eq!(beta_sf(2.0, 3.0, 2.0), 0.0);
        assert_eq!(chi2_sf(-1.0, 2.0), 1.0);
        assert_eq!(f_sf(f64::INFINITY, 1.0, 2.0), 0.0);
        assert_eq!(t_two_sided(f64::INFINITY, 3.0), 0.0);
    }
}
