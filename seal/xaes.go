package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
)

// xaes is a key of XAES-256-GCM, https://c2sp.org/XAES-256-GCM. A message is
//
//	12 bytes nonce, from which its key is derived; 12 bytes nonce of AES-256-GCM;
//	ciphertext; 16 bytes tag
type xaes struct {
	block cipher.Block
	k1    [aes.BlockSize]byte // subkey of CMAC
}

const (
	derivingNonce = 12
	xaesOverhead  = derivingNonce + 12 + 16
)

func newXAES(secret []byte) (*xaes, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	x := &xaes{block: block}
	block.Encrypt(x.k1[:], x.k1[:])
	msb := byte(0)
	for i := len(x.k1) - 1; i >= 0; i-- {
		x.k1[i], msb = x.k1[i]<<1|msb, x.k1[i]>>7
	}
	// The mask is the field's polynomial if a bit has been shifted out, else 0.
	x.k1[len(x.k1)-1] ^= msb * 0b1000_0111
	return x, nil
}

// derive returns AES-256-GCM with the key that belongs to the first half of a nonce: two
// blocks of a CMAC in counter mode.
func (x *xaes) derive(nonce []byte) (cipher.AEAD, error) {
	key := make([]byte, 0, 2*aes.BlockSize)
	key = append(append(key, 0, 1, 'X', 0), nonce...)
	key = append(append(key, 0, 2, 'X', 0), nonce...)
	for i := 0; i < len(key); i += aes.BlockSize {
		half := key[i : i+aes.BlockSize]
		subtle.XORBytes(half, half, x.k1[:])
		x.block.Encrypt(half, half)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal appends a message to dst.
func (x *xaes) seal(dst, plain, aad []byte) ([]byte, error) {
	n := len(dst)
	dst = append(dst, make([]byte, derivingNonce)...)
	if _, err := rand.Read(dst[n:]); err != nil {
		return nil, err
	}
	aead, err := x.derive(dst[n:])
	if err != nil {
		return nil, err
	}
	return aead.Seal(dst, nil, plain, aad), nil
}

// open appends what a message says to dst. The message is at least as long as an empty one.
func (x *xaes) open(dst, message, aad []byte) ([]byte, error) {
	aead, err := x.derive(message[:derivingNonce])
	if err != nil {
		return nil, err
	}
	dst, err = aead.Open(dst, nil, message[derivingNonce:], aad)
	if err != nil {
		return nil, fmt.Errorf("%w: authentication failed", ErrTampered)
	}
	return dst, nil
}
