package template

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// cidr cuts count blocks of 2^bits addresses each from the beginning of an IPv4 block.
func cidr(e *Env, arg any) (any, error) {
	const usage = "every Fn::Cidr object requires two or three parameters, (1) an IP block, (2) the number of CIDRs and (3) the number of bits of each"
	list, _ := arg.([]any)
	if len(list) != 2 && len(list) != 3 {
		return nil, functionErrorf(usage)
	}
	texts := []string{"", "", "8"}
	for i, a := range list {
		v, err := e.Resolve(a)
		if err != nil {
			return nil, err
		}
		if v == Unknown {
			return Unknown, nil
		}
		s, ok := Text(v)
		if !ok {
			return nil, functionErrorf(usage)
		}
		texts[i] = s
	}
	block, err := netip.ParsePrefix(texts[0])
	count, err1 := strconv.Atoi(texts[1])
	bits, err2 := strconv.Atoi(texts[2])
	if err != nil || err1 != nil || err2 != nil || count < 1 || count > 256 || bits < 1 || bits > 31 || !block.Addr().Is4() {
		return nil, functionErrorf(usage)
	}
	if 32-bits < block.Bits() || count > 1<<(32-bits-block.Bits()) {
		return nil, functionErrorf("Fn::Cidr cannot cut %d blocks of %d bits from %s", count, bits, texts[0])
	}
	first := block.Masked().Addr().As4()
	at := binary.BigEndian.Uint32(first[:])
	out := make([]any, count)
	for i := range out {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], at+uint32(i)<<bits)
		out[i] = netip.PrefixFrom(netip.AddrFrom4(a), 32-bits).String()
	}
	return out, nil
}
