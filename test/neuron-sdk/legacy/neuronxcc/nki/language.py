bfloat16, float16, float32 = "bfloat16", "float16", "float32"
