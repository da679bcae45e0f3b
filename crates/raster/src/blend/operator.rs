//! Porter–Duff operators: `co = cs·Fa + cb·Fb` on premultiplied colour and alpha alike.

use crate::{
    blend::{
        CompositeOperator, Coverage, SourceRow, TargetRow,
        floats::{CHUNK, Planar, for_chunks},
    },
    dispatch::{self, Kernel},
};

/// Applies `operator` to a row; `src` and the target have the same length.
pub(super) fn composite(
    target: TargetRow<'_>,
    src: SourceRow<'_>,
    coverage: Coverage<'_>,
    operator: CompositeOperator,
) {
    match (target, src) {
        (TargetRow::U8(dst), SourceRow::U8(src)) => row(dst, src, coverage, operator),
        (TargetRow::U8(dst), SourceRow::F32(src)) => row(dst, src, coverage, operator),
        (TargetRow::F32(dst), SourceRow::U8(src)) => row(dst, src, coverage, operator),
        (TargetRow::F32(dst), SourceRow::F32(src)) => row(dst, src, coverage, operator),
    }
}

/// Applies `operator` to a row of the same length as `src`.
pub(super) fn row<D: Planar, S: Planar>(
    dst: &mut [[D; 4]],
    src: &[[S; 4]],
    coverage: Coverage<'_>,
    operator: CompositeOperator,
) {
    dispatch::run(Row { dst, src, coverage, operator });
}

struct Row<'a, D, S> {
    dst: &'a mut [[D; 4]],
    src: &'a [[S; 4]],
    coverage: Coverage<'a>,
    operator: CompositeOperator,
}

impl<D: Planar, S: Planar> Kernel for Row<'_, D, S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        // `Fa` as constant and factor of αb, `Fb` as constant and factor of αs.
        let (a0, a1, b0, b1) = match self.operator {
            CompositeOperator::Clear => (0.0, 0.0, 0.0, 0.0),
            CompositeOperator::Copy => (1.0, 0.0, 0.0, 0.0),
            CompositeOperator::Destination => (0.0, 0.0, 1.0, 0.0),
            CompositeOperator::SourceOver => (1.0, 0.0, 1.0, -1.0),
            CompositeOperator::DestinationOver => (1.0, -1.0, 1.0, 0.0),
            CompositeOperator::SourceIn => (0.0, 1.0, 0.0, 0.0),
            CompositeOperator::DestinationIn => (0.0, 0.0, 0.0, 1.0),
            CompositeOperator::SourceOut => (1.0, -1.0, 0.0, 0.0),
            CompositeOperator::DestinationOut => (0.0, 0.0, 1.0, -1.0),
            CompositeOperator::SourceAtop => (0.0, 1.0, 1.0, -1.0),
            CompositeOperator::DestinationAtop => (1.0, -1.0, 0.0, 1.0),
            CompositeOperator::Xor => (1.0, -1.0, 1.0, -1.0),
            CompositeOperator::Lighter => (1.0, 0.0, 1.0, 0.0),
        };
        for_chunks(self.dst, self.src, self.coverage, |dst, src, shown| {
            for i in 0..CHUNK {
                let source_alpha = src[3][i] * shown[i];
                let source_factor = (a0 + a1 * dst[3][i]) * shown[i];
                let target_factor = b0 + b1 * source_alpha;
                for c in 0..4 {
                    let sum = src[c][i] * source_factor + dst[c][i] * target_factor;
                    dst[c][i] = if sum < 1.0 { sum } else { 1.0 };
                }
            }
        });
    }
}
