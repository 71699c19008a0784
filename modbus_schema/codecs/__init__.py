"""What registers mean: values of type Codec[T]."""
