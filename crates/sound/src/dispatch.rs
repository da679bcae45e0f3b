//! One body of code, compiled for the baseline processor and for AVX2, chosen when it runs.
//!
//! Fused multiply-add stays off on purpose: without it both versions round alike, so samples do not depend on the
//! processor.

/// Work whose inner loops gain from wide registers; closures given to it are inlined into both versions.
#[inline]
pub(crate) fn wide<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, checked on the line above.
            return unsafe { with_avx2(work) };
        }
    }
    work()
}
