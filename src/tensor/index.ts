/** Number formats as they are on the machine, and tensors of them. */
export {}
