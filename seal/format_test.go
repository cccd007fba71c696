package seal_test

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/seal"
)

var update = flag.Bool("update", false, "write the golden files")

// readSealed opens a sealed state. It is written from docs/state-format.md and shares no code
// with the package.
func readSealed(b []byte, secrets map[uint32][]byte, a seal.Associated) ([]byte, error) {
	if string(b[:3]) != "\xc0\x8d\x01" {
		return nil, errors.New("magic, version")
	}
	flags, i := b[3], 4
	var secret []byte
	if flags&2 != 0 {
		secret, i = secrets[binary.BigEndian.Uint32(b[4:])], 8
	}
	n, k := binary.Uvarint(b[i:])
	i += k
	if n != uint64(len(b)-i) {
		return nil, errors.New("length")
	}
	var aad []byte
	for _, text := range []string{a.Call, a.Function} {
		aad = append(binary.AppendUvarint(aad, uint64(len(text))), text...)
	}
	aad = binary.LittleEndian.AppendUint64(aad, a.Step)
	aad = append(aad, b[:i]...)
	var plain []byte
	if secret != nil {
		nonce, message := b[i:i+24], b[i+24:]
		block, err := aes.NewCipher(secret)
		if err != nil {
			return nil, err
		}
		var l [16]byte
		block.Encrypt(l[:], l[:])
		hi, lo := binary.BigEndian.Uint64(l[:8]), binary.BigEndian.Uint64(l[8:])
		mask := uint64(0)
		if hi>>63 != 0 {
			mask = 0x87
		}
		hi, lo = hi<<1|lo>>63, lo<<1^mask
		var key []byte
		for counter := range byte(2) {
			m := append([]byte{0, counter + 1, 'X', 0}, nonce[:12]...)
			binary.BigEndian.PutUint64(m, binary.BigEndian.Uint64(m)^hi)
			binary.BigEndian.PutUint64(m[8:], binary.BigEndian.Uint64(m[8:])^lo)
			block.Encrypt(m, m)
			key = append(key, m...)
		}
		if block, err = aes.NewCipher(key); err != nil {
			return nil, err
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		if plain, err = gcm.Open(nil, nonce[12:], message, aad); err != nil {
			return nil, err
		}
	} else {
		end := len(b) - 4
		plain = b[i:end]
		if crc32.Checksum(append(aad, plain...), crc32.MakeTable(crc32.Castagnoli)) != binary.LittleEndian.Uint32(b[end:]) {
			return nil, errors.New("checksum")
		}
	}
	if flags&1 == 0 {
		return plain, nil
	}
	n, k = binary.Uvarint(plain)
	state, err := io.ReadAll(flate.NewReader(bytes.NewReader(plain[k:])))
	if err == nil && n != uint64(len(state)) {
		err = errors.New("length of the state")
	}
	return state, err
}

// TestFormat opens what earlier versions have sealed, and reads it by the description too.
func TestFormat(t *testing.T) {
	secrets := map[uint32][]byte{key1.ID: key1.Secret, key2.ID: key2.Secret}
	for name, s := range sealers(t) {
		path := filepath.Join("testdata", name+".hex")
		if *update {
			sealed, err := s.Seal(nil, stateOf(300), here)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, []byte(hex.Dump(sealed)), 0o644))
		}
		dump, err := os.ReadFile(path)
		require.NoError(t, err)
		var golden []byte
		for line := range bytes.Lines(dump) {
			b, err := hex.DecodeString(string(bytes.ReplaceAll(bytes.TrimSpace(line[8:min(len(line), 58)]), []byte(" "), nil)))
			require.NoError(t, err)
			golden = append(golden, b...)
		}
		fresh, err := s.Seal(nil, stateOf(300), here)
		require.NoError(t, err)
		for _, sealed := range [][]byte{golden, fresh} {
			state, err := s.Open(nil, sealed, here)
			require.NoError(t, err, name)
			require.Equal(t, stateOf(300), state)
			state, err = readSealed(sealed, secrets, here)
			require.NoError(t, err, name)
			require.Equal(t, stateOf(300), state)
		}
	}
}
