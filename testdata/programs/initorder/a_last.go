package initorder

var a, z = trace("a", b+d), trace("z", 0)
