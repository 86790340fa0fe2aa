package taxi

// ParseTime reads YYYY-MM-DD, a space or T, hh:mm:ss, and optionally a fraction and Z, as Unix milliseconds in UTC.
func ParseTime(b []byte) (ms int64, ok bool) {
	if len(b) < 19 || b[4] != '-' || b[7] != '-' || b[10] != ' ' && b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	century, ok1 := two(b, 0)
	yy, ok2 := two(b, 2)
	mo, ok3 := two(b, 5)
	d, ok4 := two(b, 8)
	h, ok5 := two(b, 11)
	mi, ok6 := two(b, 14)
	s, ok7 := two(b, 17)
	y := century*100 + yy
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7) || mo < 1 || mo > 12 || d < 1 || d > daysIn(y, mo) || h > 23 || mi > 59 || s > 59 {
		return 0, false
	}
	ms = (days(y, mo, d)*86400 + h*3600 + mi*60 + s) * 1000
	rest := b[19:]
	if len(rest) > 0 && rest[0] == '.' {
		i, scale := 1, int64(100)
		for ; i < len(rest) && '0' <= rest[i] && rest[i] <= '9'; i++ {
			ms += int64(rest[i]-'0') * scale
			scale /= 10
		}
		if i == 1 || i > 10 {
			return 0, false
		}
		rest = rest[i:]
	}
	return ms, len(rest) == 0 || len(rest) == 1 && rest[0] == 'Z'
}

func two(b []byte, i int) (int64, bool) {
	hi, lo := b[i]-'0', b[i+1]-'0'
	return int64(hi)*10 + int64(lo), hi <= 9 && lo <= 9
}

func daysIn(y, m int64) int64 {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// days counts from 1970-01-01 in the Gregorian calendar; years begin in March, so that the leap day is last.
func days(y, m, d int64) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	return 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d - 1 - 719468
}

// civil is the inverse of days, for the years 0 to 9999.
func civil(n int64) (y, m, d int64) {
	n += 719468
	era := n / 146097
	doe := n - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = doy - (153*mp+2)/5 + 1
	m, y = mp+3, yoe+era*400
	if m > 12 {
		m, y = m-12, y+1
	}
	return y, m, d
}

// AppendTime appends ms in the form of the events: 2016-01-01T00:00:00.000Z.
func AppendTime(dst []byte, ms int64) []byte {
	day := ms / 86_400_000
	if ms < 0 && ms%86_400_000 != 0 {
		day--
	}
	y, m, d := civil(day)
	dst = append(dst, digitPairs[y/100*2:y/100*2+2]...)
	dst = append(dst, digitPairs[y%100*2:y%100*2+2]...)
	dst = append(dst, '-', digitPairs[m*2], digitPairs[m*2+1], '-', digitPairs[d*2], digitPairs[d*2+1])
	return appendClock(dst, ms-day*86_400_000)
}

// appendClock appends Thh:mm:ss.mmmZ for a time of day in milliseconds.
func appendClock(dst []byte, ms int64) []byte {
	s := ms / 1000
	f := ms % 1000
	h, mi, sec := s/3600*2, s/60%60*2, s%60*2
	return append(dst, 'T', digitPairs[h], digitPairs[h+1], ':', digitPairs[mi], digitPairs[mi+1], ':', digitPairs[sec], digitPairs[sec+1],
		'.', byte('0'+f/100), byte('0'+f/10%10), byte('0'+f%10), 'Z')
}

const digitPairs = "0001020304050607080910111213141516171819" +
	"2021222324252627282930313233343536373839" +
	"4041424344454647484950515253545556575859" +
	"6061626364656667686970717273747576777879" +
	"8081828384858687888990919293949596979899"
