//! What the elements of accessors are made of.

/// The type of single numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Component {
    I8,
    U8,
    I16,
    U16,
    U32,
    F32,
}

impl Component {
    pub fn of(code: u64) -> Option<Self> {
        Some(match code {
            5120 => Component::I8,
            5121 => Component::U8,
            5122 => Component::I16,
            5123 => Component::U16,
            5125 => Component::U32,
            5126 => Component::F32,
            _ => return None,
        })
    }

    pub fn is_signed(self) -> bool {
        matches!(self, Component::I8 | Component::I16)
    }

    pub fn size(self) -> usize {
        match self {
            Component::I8 | Component::U8 => 1,
            Component::I16 | Component::U16 => 2,
            Component::U32 | Component::F32 => 4,
        }
    }

    /// The least and the greatest integer; none are out of range for floats.
    pub fn range(self) -> (i64, i64) {
        match self {
            Component::I8 => (-128, 127),
            Component::U8 => (0, 255),
            Component::I16 => (-32768, 32767),
            Component::U16 => (0, 65535),
            Component::U32 => (0, u32::MAX.into()),
            Component::F32 => (i64::MIN, i64::MAX),
        }
    }

    /// The number that stands for 1 where integers are normalised.
    pub fn unit(self) -> f32 {
        match self {
            Component::I8 => 127.0,
            Component::U8 => 255.0,
            Component::I16 => 32767.0,
            Component::U16 => 65535.0,
            Component::U32 | Component::F32 => 1.0,
        }
    }
}

/// How single numbers make up an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Scalar,
    Vec2,
    Vec3,
    Vec4,
    Mat2,
    Mat3,
    Mat4,
}

impl Shape {
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "SCALAR" => Shape::Scalar,
            "VEC2" => Shape::Vec2,
            "VEC3" => Shape::Vec3,
            "VEC4" => Shape::Vec4,
            "MAT2" => Shape::Mat2,
            "MAT3" => Shape::Mat3,
            "MAT4" => Shape::Mat4,
            _ => return None,
        })
    }

    /// Columns and rows; only matrices have more than one column.
    pub fn columns(self) -> (usize, usize) {
        match self {
            Shape::Scalar => (1, 1),
            Shape::Vec2 => (1, 2),
            Shape::Vec3 => (1, 3),
            Shape::Vec4 => (1, 4),
            Shape::Mat2 => (2, 2),
            Shape::Mat3 => (3, 3),
            Shape::Mat4 => (4, 4),
        }
    }

    pub fn count(self) -> usize {
        let (columns, rows) = self.columns();
        columns * rows
    }

    /// Where the numbers of an element are, and how many bytes it takes: columns of matrices are aligned to four bytes.
    pub fn layout(self, size: usize) -> (Vec<usize>, usize) {
        let (columns, rows) = self.columns();
        let pitch = if columns > 1 { (rows * size).next_multiple_of(4) } else { rows * size };
        let places = (0..columns * rows).map(|i| (i / rows) * pitch + (i % rows) * size).collect();
        (places, if columns > 1 { columns * pitch } else { rows * size })
    }
}
