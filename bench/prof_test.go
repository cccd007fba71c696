package bench
import ("testing")
func BenchmarkProf(b *testing.B) {
	for _, r := range rows() {
		b.Run(r.name+"/save", func(b *testing.B) { b.ReportAllocs(); for b.Loop() { r.codecs[0].save() } })
		b.Run(r.name+"/load", func(b *testing.B) { b.ReportAllocs(); for b.Loop() { r.codecs[0].load() } })
	}
}
